package night

// Whole tells whether parts are all shards of a run, each at its end and with a result
// of every check, so that nothing is to come any more.
func Whole(parts []Part) bool {
	if len(parts) == 0 {
		return false
	}
	ended := make(map[int]bool)
	for _, p := range parts {
		if p.End == nil || len(p.Missing()) > 0 {
			return false
		}
		ended[p.Shard.Index] = true
	}
	for i := 1; i <= parts[0].Shard.Count; i++ {
		if !ended[i] {
			return false
		}
	}
	return true
}
