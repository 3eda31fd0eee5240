/* The table of the shim that was opened, and the function that opens it. */
#ifndef TORCHGO_LOADER_H
#define TORCHGO_LOADER_H

#include "zts_table.h"

/* ts_loaded is NULL until ts_open succeeded; it never changes afterwards. */
extern const ts_table *ts_loaded;

/* ts_open opens the shim at path and checks its table. It returns 0, or -1 with
 * a message in err. dlopen and dlerror share one call because the loader keeps
 * its error per thread. Not safe to call twice at once. */
int ts_open(const char *path, char *err, size_t cap);

#endif
