#pragma once

// prctl is variadic, which Swift cannot call.

// Has the kernel write no core dump of this process, and let no other process of its user read its memory; 0 is success.
int process_shim_hide_memory(void);
