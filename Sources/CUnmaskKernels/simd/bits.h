// What all vectors of bits share. Lanes are counts of 64 bits each.

/// Planes of a query: its numbers have so many bits.
enum { BIT_PLANES = 4 };
