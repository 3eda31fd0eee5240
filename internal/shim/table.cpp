// The one symbol that the shim exports.
#include "zts_table.h"

#include "zts_init.inc"

extern "C" __attribute__((visibility("default"))) const ts_table *ts_get_table(uint32_t abi) {
  return abi == TS_ABI ? &table : nullptr;
}
