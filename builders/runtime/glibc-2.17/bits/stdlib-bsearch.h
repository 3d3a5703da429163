/* bsearch is no inline function before glibc 2.19.  */
