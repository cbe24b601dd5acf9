/* embedded_weights.S - the default weights as read-only data (default_model.c). */
    .section .rodata
    .balign 64
    .globl ghm_embedded_weights
    .hidden ghm_embedded_weights
ghm_embedded_weights:
    .incbin GHM_UNPACKED_WEIGHTS
    .globl ghm_embedded_weights_end
    .hidden ghm_embedded_weights_end
ghm_embedded_weights_end:
    .byte 0

#if defined(__linux__) && defined(__ELF__)
    .section .note.GNU-stack,"",%progbits
#endif
