/* report_data.S - the page (report.html) and the published curves (testdata/curves), as text that ends with a zero. */
    .section .rodata
    .globl report_page
    .hidden report_page
report_page:
    .incbin REPORT_PAGE
    .byte 0
    .globl report_curves
    .hidden report_curves
report_curves:
    .incbin REPORT_CURVES
    .byte 0

#if defined(__linux__) && defined(__ELF__)
    .section .note.GNU-stack,"",%progbits
#endif
