package checkpoint

import "syscall"

// Without MAP_NORESERVE a private writable mapping larger than the memory is
// refused by the default overcommit rule.
const mapFlags = syscall.MAP_PRIVATE | syscall.MAP_NORESERVE
