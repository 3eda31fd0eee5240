// Package html writes a report as one page of HTML that needs nothing else: no
// script, no other file, no network. It reads well on light and dark screens and
// on paper.
//
// Charts are static SVG. They need the profiles of a report that was made with
// Spec.Profile; without them the page has tables alone.
package html
