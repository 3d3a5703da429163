# The function that glibc 2.17 links into every object that calls it: it hands on the handle of the
# object, if there is one. Later releases take it that there is.
	.text
	.p2align 4
	.globl __pthread_atfork
	.hidden __pthread_atfork
	.type __pthread_atfork, @function
__pthread_atfork:
	.cfi_startproc
	leaq __dso_handle(%rip), %rax
	testq %rax, %rax
	je 2f
	movq __dso_handle(%rip), %rcx
1:	jmp __register_atfork@PLT
2:	xorl %ecx, %ecx
	jmp 1b
	.cfi_endproc
	.size __pthread_atfork, .-__pthread_atfork
	.weak pthread_atfork
	.hidden pthread_atfork
	.set pthread_atfork, __pthread_atfork
	.hidden __dso_handle
	.section .note.GNU-stack, "", @progbits
