// Package notice tells people and machines what a night found out: a summary in
// Markdown with what is new first, JUnit with a case for each check, metrics for
// Prometheus, and messages for webhooks, which are tried again and, when nobody takes
// them, kept for the next night.
package notice
