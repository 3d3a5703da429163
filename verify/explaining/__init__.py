"""Explaining a difference to a person: diffoscope's report beside the verdict, never part of it."""
