# How a function that initializes a shared object begins in glibc before 2.28: it calls the hook of
# the profiler, where there is one, by the linkage table. Later ones call it by its address.
	.section .init, "ax", @progbits
	.p2align 2
	.globl _init
	.type _init, @function
_init:
	subq $8, %rsp
	movq __gmon_start__@GOTPCREL(%rip), %rax
	testq %rax, %rax
	je 1f
	call __gmon_start__@PLT
1:
	.section .fini, "ax", @progbits
	.p2align 2
	.globl _fini
	.type _fini, @function
_fini:
	subq $8, %rsp

	.weak __gmon_start__
	.section .note.GNU-stack, "", @progbits
