/* Prints each argument as hexadecimal UTF-8, one a line, as a program with Microsoft's C run-time sees them. */
#include <stdio.h>
#include <windows.h>

int wmain(int argc, wchar_t **argv)
{
    static char text[65536];
    for (int i = 1; i < argc; i++) {
        int size = WideCharToMultiByte(CP_UTF8, 0, argv[i], -1, text, sizeof text, NULL, NULL);
        putchar('<');
        for (int k = 0; k + 1 < size; k++) printf("%02x", (unsigned char)text[k]);
        printf(">\n");
    }
    return argc - 1;
}
