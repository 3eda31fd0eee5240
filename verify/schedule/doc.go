// Package schedule runs the checks of a suite in workers: as many at a time as
// processors, memory and GPUs bear, each within its limits. A check that takes its
// process down is a result; the worker is replaced and the night goes on. What is the
// machine's fault, and not that of the files, is tried again.
package schedule
