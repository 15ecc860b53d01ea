/// Decides who may come in: a pure account of the connections that are open.
///
/// Each door has a reserve that the other doors cannot take; the rest is common to all. An address has at most its cap
/// at each door. Where there is no room, a newcomer takes the place of the oldest connection that has never asked
/// anything, of its own address where that is at its cap; one that has asked is never put out. An HTTP connection that
/// still finds no room comes in for the probes alone, a few at a time.
struct ConnectionLedger: Sendable {
    struct Limits: Sendable {
        /// Of all doors, but for connections for probes.
        var total: Int
        /// Of each open door.
        var reserved: Int
        /// Of each address at each door.
        var perAddress: Int
        /// HTTP connections beyond all of these, for probes alone.
        var probes: Int
        var doors: Set<Door>
    }

    enum Refusal: Error, Sendable, Equatable {
        /// All places are taken by connections that have asked something.
        case full
        /// The address has as many as it may, and all of them have asked something.
        case address
    }

    struct Admission: Sendable, Equatable {
        /// Ascends in the order of admission.
        var id: UInt64
        /// The connection whose place it took, which is to be closed; it is in the ledger no more.
        var evicted: UInt64?
        var isForProbes = false
    }

    private struct Origin: Hashable {
        var door: Door
        var address: PeerAddress
    }

    private struct Entry {
        var door: Door
        var origin: Origin?
        var isForProbes: Bool
    }

    private let limits: Limits
    private var lastID: UInt64 = 0
    private var entries: [UInt64: Entry] = [:]
    private var counts: [Door: Int] = [:]
    private var origins: [Origin: Int] = [:]
    /// The connections of each door that have asked nothing yet, the oldest first.
    private var silent: [Door: [UInt64]] = [:]
    private var silentForProbes: [UInt64] = []
    private var forProbes = 0

    init(_ limits: Limits) {
        self.limits = limits
    }

    var count: Int { entries.count }

    /// Takes a new connection in.
    ///
    /// - Parameter address: nil where the door does not count addresses.
    mutating func admit(at door: Door, from address: PeerAddress?) throws(Refusal) -> Admission {
        let origin = address.map { Origin(door: door, address: $0) }
        do throws(Refusal) {
            let evicted = try place(at: door, origin)
            let id = insert(Entry(door: door, origin: origin, isForProbes: false))
            return Admission(id: id, evicted: evicted)
        } catch {
            var evicted: UInt64?
            guard door == .http, placeForProbe(&evicted) else { throw error }
            let id = insert(Entry(door: door, origin: nil, isForProbes: true))
            return Admission(id: id, evicted: evicted, isForProbes: true)
        }
    }

    /// The connection has made a request; it keeps its place from now on.
    mutating func asked(_ id: UInt64) {
        if let entry = entries[id] { removeSilent(id, entry) }
    }

    /// Unknown connections are ignored.
    mutating func closed(_ id: UInt64) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        removeSilent(id, entry)
        if entry.isForProbes {
            forProbes -= 1
        } else {
            counts[entry.door, default: 0] -= 1
        }
        guard let origin = entry.origin, let count = origins[origin] else { return }
        origins[origin] = count > 1 ? count - 1 : nil
    }

    /// Makes sure that there is a place; returns whose it was, where it had to be made.
    private mutating func place(at door: Door, _ origin: Origin?) throws(Refusal) -> UInt64? {
        if let origin, origins[origin, default: 0] >= limits.perAddress {
            guard let victim = silent[door]?.first(where: { entries[$0]?.origin == origin }) else { throw .address }
            closed(victim)
            return victim
        }
        if hasRoom(at: door) { return nil }
        // Whoever lives on common places, and this door's own.
        let victims = limits.doors.filter { $0 == door || usesCommonPlaces($0) }.compactMap { silent[$0]?.first }
        guard let victim = victims.min() else { throw .full }
        closed(victim)
        return victim
    }

    /// Makes a place for a probe, of the oldest silent one where it must.
    private mutating func placeForProbe(_ evicted: inout UInt64?) -> Bool {
        if forProbes < limits.probes { return true }
        guard let victim = silentForProbes.first else { return false }
        closed(victim)
        evicted = victim
        return true
    }

    private func usesCommonPlaces(_ door: Door) -> Bool { counts[door, default: 0] > limits.reserved }

    private func hasRoom(at door: Door) -> Bool {
        if counts[door, default: 0] < limits.reserved { return true }
        let common = limits.total - limits.reserved * limits.doors.count
        return counts.values.reduce(0) { $0 + max(0, $1 - limits.reserved) } < common
    }

    private mutating func insert(_ entry: Entry) -> UInt64 {
        lastID += 1
        entries[lastID] = entry
        if entry.isForProbes {
            forProbes += 1
            silentForProbes.append(lastID)
        } else {
            counts[entry.door, default: 0] += 1
            silent[entry.door, default: []].append(lastID)
        }
        if let origin = entry.origin { origins[origin, default: 0] += 1 }
        return lastID
    }

    private mutating func removeSilent(_ id: UInt64, _ entry: Entry) {
        if entry.isForProbes {
            silentForProbes.removeAscending(id)
        } else {
            silent[entry.door]?.removeAscending(id)
        }
    }
}

extension [UInt64] {
    /// Removes an element of an ascending array, if it is there. Most are near the end.
    fileprivate mutating func removeAscending(_ element: UInt64) {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < element { low = middle + 1 } else { high = middle }
        }
        if low < count, self[low] == element { remove(at: low) }
    }
}
