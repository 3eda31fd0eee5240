#include "loader.h"

#include <dlfcn.h>
#include <stdio.h>

const ts_table *ts_loaded;

int ts_open(const char *path, char *err, size_t cap) {
  /* Lazy binding, because libtorch has some 100,000 symbols that most programs
   * never call; the shim itself is linked with -z now, so that a libtorch that
   * lacks something the shim needs is found here. Local, so that libtorch's
   * symbols do not meet those of other libraries in the process. */
  void *lib = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (lib == NULL) {
    snprintf(err, cap, "%s", dlerror());
    return -1;
  }
  const ts_table *(*get)(uint32_t) = (const ts_table *(*)(uint32_t))dlsym(lib, "ts_get_table");
  if (get == NULL) {
    snprintf(err, cap, "%s is not a torchgo shim: it has no ts_get_table", path);
    return -1;
  }
  const ts_table *t = get(TS_ABI);
  if (t == NULL || t->abi != TS_ABI || t->size < sizeof(ts_table)) {
    snprintf(err, cap, "%s was built for another version of torchgo (this one needs ABI %d with a table of %zu bytes)", path, TS_ABI, sizeof(ts_table));
    return -1;
  }
  ts_loaded = t;
  return 0;
}
