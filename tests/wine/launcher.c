/* Runs the raw command line (UTF-8) in the file named by the first argument, by CreateProcess, and ends with its exit
   code. `wine cmd /c LINE` would quote LINE again, so it is not what Windows sees. */
#include <stdio.h>
#include <windows.h>

int main(int argc, char **argv)
{
    static char text[262144];
    static wchar_t line[262144];
    STARTUPINFOW start = {0};
    PROCESS_INFORMATION made;
    DWORD code;
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (!file) return 251;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    MultiByteToWideChar(CP_UTF8, 0, text, -1, line, 262144);
    start.cb = sizeof start;
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    start.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    start.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &made)) return 250;
    WaitForSingleObject(made.hProcess, INFINITE);
    GetExitCodeProcess(made.hProcess, &code);
    return (int)code;
}
