// Package process runs programs within limits: of time, by a context, and of
// memory; and tells how they ended. What they started ends with them.
package process
