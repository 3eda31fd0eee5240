// Package night holds what one run of a suite of checks found out, and the file that
// keeps it. The file is lines of JSON: a header, then a line for each check as soon
// as it has ended, then the end. So it is journal, result of a shard, and what
// histories take in, all in one format.
package night
