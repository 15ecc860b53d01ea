// Stands where Debian's libtiff looks for JBIG-KIT, which is under the GPL and so not in the wheel: a TIFF that is compressed
// so is refused, and nothing else of libtiff is missed. JBIG-KIT's own header is not used; libtiff asks no more of it than this.

void jbg_newlen(void) {}
void jbg_dec_init(void *decoder) { (void)decoder; }
void jbg_dec_free(void *decoder) { (void)decoder; }
long jbg_dec_getsize(const void *decoder) { return (void)decoder, 0; }
unsigned char *jbg_dec_getimage(const void *decoder, int plane) { return (void)decoder, (void)plane, (unsigned char *)0; }
void jbg_enc_init(void) {}
void jbg_enc_out(void *encoder) { (void)encoder; }
void jbg_enc_free(void *encoder) { (void)encoder; }

/// Any number but 0 is a failure, which `jbg_strerror` puts into words.
int jbg_dec_in(void) { return 1; }
const char *jbg_strerror(int failure) { return (void)failure, "JBIG is not read by this build of libtiff"; }
