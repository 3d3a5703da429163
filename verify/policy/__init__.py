"""From a verdict, signals and waivers to trusted: yes or no; `decide` is the way in."""
