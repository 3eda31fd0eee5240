package checkpoint

// mostSafetensorsHeader is where the reference implementation stops.
const mostSafetensorsHeader = 100_000_000
