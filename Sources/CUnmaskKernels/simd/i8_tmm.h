// Units of four bytes of tile registers, which multiply bytes with signs: rows need no offset.

#define UNIT 4
#define ROW_OFFSET 0
