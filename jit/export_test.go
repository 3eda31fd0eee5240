package jit

// Lies tells whether the tensors of a module lie in its file.
func (m *Module) Lies() bool { return m.file != nil }
