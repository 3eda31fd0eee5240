//go:build unix && !linux

package checkpoint

import "syscall"

const mapFlags = syscall.MAP_PRIVATE
