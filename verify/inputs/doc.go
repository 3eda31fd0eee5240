// Package inputs makes inputs for models: random ones, which are the same bytes on
// every machine and in every release, and edge cases such as zeros, NaN or an empty
// batch. It needs no libtorch.
//
// # Random numbers
//
// They come from Philox4x32-10 (Salmon et al., Parallel Random Numbers: As Easy as
// 1, 2, 3, SC 2011), which has no state: each element is a function of the seed,
// the number of the set, that of the argument, and its own position.
//
// The key is the seed, its low 32 bits first. The counter of element i, of the
// argument a, in the set s, both counted from 0, is
//
//	(i/2 mod 2³², i/2 div 2³², a, s)
//
// Of the four words w that come out, element i takes u = w[0] + 2³²·w[1] where i is
// even and u = w[2] + 2³²·w[3] where it is odd. From u it becomes
//
//   - a float: low + (high − low)·⌊u / 2¹¹⌋·2⁻⁵³, each operation rounded to double
//     precision, then to single precision, then to the type, as far as it is
//     narrower; always to nearest even. low and high are −1 and 1 unless a range says
//     otherwise. Rounding may give high itself.
//   - a complex number: two floats, elements 2i and 2i + 1.
//   - an integer: low + ⌊u·(high − low) / 2⁶⁴⌋, of low ≤ x < high; they are 0 and 2
//     unless a range says otherwise, since the model alone knows what a greater
//     number would index.
//   - a bool: u ≥ 2⁶³.
//
// This is part of what the package promises: it does not change.
package inputs
