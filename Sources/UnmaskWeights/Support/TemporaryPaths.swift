import Foundation
import Synchronization

/// Files and folders that exist only until what is written in them gets its name. Whoever makes one says so first, so
/// that a program which is interrupted can remove them all.
package enum TemporaryPaths {
    private static let paths = Mutex<Set<String>>([])

    package static func add(_ path: String) { paths.withLock { _ = $0.insert(path) } }

    /// After it was renamed or removed.
    package static func forget(_ path: String) { paths.withLock { _ = $0.remove(path) } }

    /// Removes everything and ends the program. Nothing new is made meanwhile: `add` waits.
    package static func removeAll(thenEndBy end: () -> Never) -> Never {
        paths.withLock { paths in
            for path in paths { try? FileManager.default.removeItem(atPath: path) }
            end()
        }
    }
}
