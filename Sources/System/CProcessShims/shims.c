#include "CProcessShims.h"
#include <sys/prctl.h>

int process_shim_hide_memory(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
