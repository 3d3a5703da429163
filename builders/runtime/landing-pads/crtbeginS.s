# The same as in constant-handle, for processors that check where indirect jumps lead to.
	.text
	.p2align 4
	.type deregister_tm_clones, @function
deregister_tm_clones:
	leaq __TMC_LIST__(%rip), %rdi
	leaq __TMC_END__(%rip), %rax
	cmpq %rdi, %rax
	je 1f
	movq _ITM_deregisterTMCloneTable@GOTPCREL(%rip), %rax
	testq %rax, %rax
	je 1f
	jmp *%rax
	.p2align 4,,10
	.p2align 3
1:	ret

	.p2align 4
	.type register_tm_clones, @function
register_tm_clones:
	leaq __TMC_LIST__(%rip), %rdi
	leaq __TMC_END__(%rip), %rsi
	subq %rdi, %rsi
	movq %rsi, %rax
	shrq $63, %rsi
	sarq $3, %rax
	addq %rax, %rsi
	sarq %rsi
	je 1f
	movq _ITM_registerTMCloneTable@GOTPCREL(%rip), %rax
	testq %rax, %rax
	je 1f
	jmp *%rax
	.p2align 4,,10
	.p2align 3
1:	ret

	.p2align 4
	.type __do_global_dtors_aux, @function
__do_global_dtors_aux:
	endbr64
	cmpb $0, completed.0(%rip)
	jne 2f
	pushq %rbp
	cmpq $0, __cxa_finalize@GOTPCREL(%rip)
	movq %rsp, %rbp
	je 1f
	leaq __dso_handle(%rip), %rdi
	call __cxa_finalize@PLT
1:	call deregister_tm_clones
	movb $1, completed.0(%rip)
	popq %rbp
	ret
	.p2align 4,,10
	.p2align 3
2:	ret

	.p2align 4
	.type frame_dummy, @function
frame_dummy:
	endbr64
	jmp register_tm_clones

	.local completed.0
	.comm completed.0, 1, 1

	.section .tm_clone_table, "aw"
	.p2align 3
	.type __TMC_LIST__, @object
__TMC_LIST__:

	.section .data.rel.ro.local, "aw"
	.p2align 3
	.globl __dso_handle
	.hidden __dso_handle
	.type __dso_handle, @object
	.size __dso_handle, 8
__dso_handle:
	.quad __dso_handle

	.section .fini_array, "aw"
	.p2align 3
	.quad __do_global_dtors_aux

	.section .init_array, "aw"
	.p2align 3
	.quad frame_dummy

	.hidden __TMC_END__
	.weak _ITM_deregisterTMCloneTable
	.weak _ITM_registerTMCloneTable
	.weak __cxa_finalize
	.section .note.GNU-stack, "", @progbits
