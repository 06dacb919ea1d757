/*
 * Runs each line of a UTF-8 file as  cmd.exe /c "LINE"  by CreateProcess, so that the command line reaches cmd.exe
 * exactly as it stands (wine's own command line re-quotes it). After each line's output comes RS, its exit code, RS.
 * Standard input is at its end, standard error goes nowhere.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static char text[1 << 20];
static char line[65536];
static wchar_t wide[65536];

static HANDLE nul(DWORD access)
{
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    return CreateFileW(L"NUL", access, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit, OPEN_EXISTING, 0, NULL);
}

static DWORD run(const char *command)
{
    STARTUPINFOW start = {sizeof start};
    PROCESS_INFORMATION process;
    DWORD code;
    snprintf(line, sizeof line, "cmd.exe /c \"%s\"", command);
    MultiByteToWideChar(CP_UTF8, 0, line, -1, wide, sizeof wide / sizeof *wide);
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = nul(GENERIC_READ);
    start.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    start.hStdError = nul(GENERIC_WRITE);
    if (!CreateProcessW(NULL, wide, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process)) return GetLastError();
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hProcess);
    CloseHandle(process.hThread);
    CloseHandle(start.hStdInput);
    CloseHandle(start.hStdError);
    return code;
}

int main(int count, char **arguments)
{
    FILE *file = fopen(arguments[1], "rb");
    char *at, *end, mark[32];
    DWORD written;
    if (count < 2 || !file) return 2;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    for (at = text; *at; at = end + 1) {
        end = strchr(at, '\n');
        if (!end) break;
        *end = 0;
        snprintf(mark, sizeof mark, "\x1e%d\x1e", (int)run(at));
        WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), mark, strlen(mark), &written, NULL);
    }
    return 0;
}
