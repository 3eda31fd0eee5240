// Package html writes a report, or how a check went from night to night, as one page
// of HTML that needs nothing else: no script, no other file, no network. It reads well
// on light and dark screens and on paper.
//
// Charts are static SVG. Those of a report need the profiles of one that was made with
// Spec.Profile; without them the page has tables alone.
package html
