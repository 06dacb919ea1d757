"""
The faults of WinRM that an operator can do something about, by number.

The numbers are those of Microsoft's wsmerror.h and winerror.h; the words of a fault are localised and only quoted.
"""

from __future__ import annotations

from remediators.model import AuthenticationFailed, Dropped, QuotaExceeded, TimedOut, TransportError, Unreachable
from remediators.transports.settings import Settings
from remediators.transports.translation import Place
from remediators.transports.wsman import OPERATION_TIMED_OUT, Fault

_SHELLS = (
    "too many shells of this user are open: wait until forgotten ones have been idle for 3 minutes, or raise "
    "winrm/config/winrs MaxShellsPerUser (5 by default on Windows Server 2003)"
)
_OPERATIONS = (
    "too many operations of this user are under way: wait some minutes, or raise winrm/config/service "
    "MaxConcurrentOperationsPerUser"
)
_USERS = "too many users have shells open: wait, or raise winrm/config/winrs MaxConcurrentUsers"
_PROCESSES = "too many processes in this shell: raise winrm/config/winrs MaxProcessesPerShell"
_LOAD = "the service's load quota is used up: wait some minutes, or restart the WinRM service"
_MEMORY = "the shell ran out of memory: raise winrm/config/winrs MaxMemoryPerShellMB"
_GONE = "the shell no longer exists: it was idle for too long, was deleted, or the WinRM service was restarted"
_NO_SHELL = (
    "WinRM has no remote shell there: WinRM 1.1 has none at all (install KB968930, which brings WinRM 2.0, on Windows "
    "Server 2003 SP2)"
)
_DENIED = (
    "{user} may log in and may not use WinRM: it must be in Administrators (a local account also needs "
    "LocalAccountTokenFilterPolicy from Vista on)"
)
_FORBIDDEN = (
    'remote shells are switched off: winrm set winrm/config/winrs @{{AllowRemoteShellAccess="true"}}, or the policy '
    "'Allow Remote Shell Access'"
)

_QUOTAS = {
    2150859173: _SHELLS,  # ERROR_WSMAN_QUOTA_MAX_SHELLS
    2150859174: _OPERATIONS,  # ERROR_WSMAN_QUOTA_MAX_OPERATIONS
    2150859175: _LOAD,  # ERROR_WSMAN_QUOTA_USER
    2150859176: _LOAD,  # ERROR_WSMAN_QUOTA_SYSTEM
    2150859179: _USERS,  # ERROR_WSMAN_QUOTA_MAX_SHELLUSERS
    2150859236: _SHELLS,  # ERROR_WSMAN_QUOTA_MAX_SHELLS_PPQ
    2150859237: _USERS,  # ERROR_WSMAN_QUOTA_MAX_USERS_PPQ
    2150859238: _SHELLS,  # ERROR_WSMAN_QUOTA_MAX_PLUGINSHELLS_PPQ
    2150859239: _OPERATIONS,  # ERROR_WSMAN_QUOTA_MAX_PLUGINOPERATIONS_PPQ
    2150859240: _OPERATIONS,  # ERROR_WSMAN_QUOTA_MAX_OPERATIONS_USER_PPQ
    2150859241: _PROCESSES,  # ERROR_WSMAN_QUOTA_MAX_COMMANDS_PER_SHELL_PPQ
    2150859242: _LOAD,  # ERROR_WSMAN_QUOTA_MIN_REQUIREMENT_NOT_AVAILABLE_PPQ
    2150858815: _LOAD,  # ERROR_WSMAN_QUOTA_LIMIT
    1816: _MEMORY,  # ERROR_NOT_ENOUGH_QUOTA
    8: _MEMORY,  # ERROR_NOT_ENOUGH_MEMORY
}
_MEANINGS: dict[int, tuple[type[TransportError], str]] = {
    **{code: (QuotaExceeded, cure) for code, cure in _QUOTAS.items()},
    OPERATION_TIMED_OUT: (TimedOut, "the WinRM service did not finish in the time that it was given"),
    2150858813: (Dropped, _GONE),  # ERROR_WSMAN_INVALID_SELECTORS
    2150858843: (Dropped, _GONE),  # ERROR_WSMAN_UNEXPECTED_SELECTORS
    2150859204: (Dropped, _GONE),  # ERROR_WINRS_SHELL_DISCONNECTED
    995: (Dropped, _GONE),  # ERROR_OPERATION_ABORTED
    1223: (Dropped, _GONE),  # ERROR_CANCELLED
    2150858811: (Unreachable, _NO_SHELL),  # ERROR_WSMAN_INVALID_RESOURCE_URI
    2150859180: (Unreachable, _FORBIDDEN),  # ERROR_WSMAN_REMOTESHELLS_NOT_ALLOWED
    5: (AuthenticationFailed, _DENIED),  # ERROR_ACCESS_DENIED
}


def explained(fault: Fault, settings: Settings, place: Place) -> TransportError:
    """What a fault means and what cures it."""
    kind, meaning = _MEANINGS.get(fault.code or 0, (Unreachable, f"WinRM at {place} refuses"))
    number = fault.code if fault.code is not None else "without number"
    words = meaning.format(user=settings.user or "this certificate")
    return kind(f"{place.name}: {words} (fault {number}: {fault.words or 'no words'})")
