import Synchronization
import UnmaskImage

extension DecodeControl {
    private static let told = Mutex<Set<String>>([])

    /// Says what people may not expect of an image's pixels: of each kind once in a run, of the first image that it holds of.
    static func telling(of path: String) -> DecodeControl {
        DecodeControl(notice: { notice in
            guard told.withLock({ $0.insert(notice.description).inserted }) else { return }
            Console.warning("\(path): \(notice); further images of this kind are not named")
        })
    }
}
