package import UnmaskIndex

extension JSONWriter {
    /// An image's metadata as an object; nothing where it has none.
    package mutating func field(_ name: String, _ metadata: Metadata) {
        guard !metadata.isEmpty else { return }
        key(name)
        literal(metadata.json)
    }

    /// The metadata of images, an object for each; nothing where none of them has any.
    package mutating func field(_ name: String, of images: some Collection<IndexedImage>) {
        guard images.contains(where: { !$0.metadata.isEmpty }) else { return }
        key(name)
        array(of: images) { $0.literal($1.metadata.json) }
    }
}
