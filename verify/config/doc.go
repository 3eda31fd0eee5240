// Package config reads verify.yaml, which describes a check: legs, inputs,
// tolerances, devices. It is strict: a key that it does not know is an error with
// its line, as is a value that the flag of the same name would refuse.
// docs/config.schema.json describes the format to editors.
package config
