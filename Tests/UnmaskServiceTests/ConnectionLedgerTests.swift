import NIOCore
import Testing

@testable import UnmaskService

/// Who may come in, by the account alone.
@Suite struct ConnectionLedgerTests {
    private static func limits(
        _ total: Int, reserved: Int = 0, perAddress: Int = .max, probes: Int = 2,
        _ doors: Set<Door> = Set(Door.allCases)
    ) -> ConnectionLedger.Limits {
        .init(total: total, reserved: reserved, perAddress: perAddress, probes: probes, doors: doors)
    }

    /// Why the account does not take a connection; nil where it does.
    private static func refusal(
        _ ledger: inout ConnectionLedger, _ door: Door, _ address: PeerAddress?
    ) -> ConnectionLedger.Refusal? {
        do throws(ConnectionLedger.Refusal) {
            _ = try ledger.admit(at: door, from: address)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: Door.allCases)
    func noDoorCanTakeWhatIsReservedForAnother(crowded: Door) throws {
        var ledger = ConnectionLedger(Self.limits(100, reserved: 10, probes: 0))
        var admitted: [UInt64] = []
        while let admission = try? ledger.admit(at: crowded, from: nil) {
            ledger.asked(admission.id)
            admitted.append(admission.id)
        }
        #expect(admitted.count == 80)
        for door in Door.allCases where door != crowded {
            for _ in 0..<10 {
                let admission = try ledger.admit(at: door, from: nil)
                #expect(admission.evicted == nil)
                ledger.asked(admission.id)
            }
            let refusal1 = Self.refusal(&ledger, door, nil)
            #expect(refusal1 == .full)
        }
        #expect(ledger.count == 100)
    }

    @Test func aNewcomerTakesThePlaceOfTheOldestThatNeverAsked() throws {
        var ledger = ConnectionLedger(Self.limits(3))
        let first = try ledger.admit(at: .http, from: nil)
        ledger.asked(first.id)
        let second = try ledger.admit(at: .line, from: nil)
        let third = try ledger.admit(at: .http, from: nil)
        let taken1 = try ledger.admit(at: .owner, from: nil)
        #expect(taken1.evicted == second.id)
        let taken2 = try ledger.admit(at: .line, from: nil)
        #expect(taken2.evicted == third.id)
        #expect(ledger.count == 3)
    }

    @Test func anAddressAtItsCapTakesItsOwnPlaces() throws {
        var ledger = ConnectionLedger(Self.limits(100, perAddress: 2, probes: 0))
        let other = try ledger.admit(at: .line, from: .v4(1))
        let first = try ledger.admit(at: .line, from: .v4(2))
        let second = try ledger.admit(at: .line, from: .v4(2))
        let taken3 = try ledger.admit(at: .http, from: .v4(2))
        #expect(taken3.evicted == nil, "each door counts for itself")
        ledger.asked(first.id)
        let third = try ledger.admit(at: .line, from: .v4(2))
        #expect(third.evicted == second.id)
        ledger.asked(third.id)
        let refusal2 = Self.refusal(&ledger, .line, .v4(2))
        #expect(refusal2 == .address)
        ledger.closed(first.id)
        let taken4 = try ledger.admit(at: .line, from: .v4(2))
        #expect(taken4.evicted == nil)
        let taken5 = try ledger.admit(at: .line, from: .v4(1))
        #expect(taken5.evicted == nil)
        ledger.closed(other.id)
    }

    @Test func probesComeInWhereEverythingIsTaken() throws {
        var ledger = ConnectionLedger(Self.limits(4, perAddress: 4, probes: 2))
        for _ in 0..<4 { ledger.asked(try ledger.admit(at: .http, from: .v4(1)).id) }
        for address in [PeerAddress.v4(1), .v4(2)] {
            let probe = try ledger.admit(at: .http, from: address)
            #expect(probe.isForProbes && probe.evicted == nil)
        }
        let next = try ledger.admit(at: .http, from: .v4(3))
        #expect(next.isForProbes && next.evicted != nil, "a silent one makes room")
        let refusal3 = Self.refusal(&ledger, .line, .v4(3))
        #expect(refusal3 == .full)
        #expect(ledger.count == 6)
    }

    /// Over random histories: no limit is passed, whoever has asked stays, and what is reserved can always be had.
    @Test(arguments: 0..<30)
    func everyHistoryKeepsTheRules(seed: UInt64) throws {
        var generator = SplitMix(state: seed)
        let limits = Self.limits(
            Int.random(in: 9...60, using: &generator), reserved: Int.random(in: 0...3, using: &generator),
            perAddress: Int.random(in: 1...20, using: &generator))
        var ledger = ConnectionLedger(limits)
        var open: [UInt64: (door: Door, address: PeerAddress, hasAsked: Bool, isForProbes: Bool)] = [:]
        for _ in 0..<3000 {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<6:
                let door = Door.allCases.randomElement(using: &generator) ?? .http
                let address = PeerAddress.v4(UInt32.random(in: 0..<5, using: &generator))
                let own = open.values.filter { $0.door == door && !$0.isForProbes }
                let ofAddress = own.filter { $0.address == address }.count
                let admission: ConnectionLedger.Admission
                do throws(ConnectionLedger.Refusal) {
                    admission = try ledger.admit(at: door, from: address)
                } catch {
                    #expect(own.count >= limits.reserved || error == .address)
                    #expect(error == .full || ofAddress >= limits.perAddress)
                    continue
                }
                if let evicted = admission.evicted {
                    let removed = open.removeValue(forKey: evicted)
                    let victim = try #require(removed)
                    #expect(!victim.hasAsked)
                    #expect(own.count >= limits.reserved || ofAddress >= limits.perAddress)
                }
                #expect(!admission.isForProbes || door == .http)
                open[admission.id] = (door, address, false, admission.isForProbes)
            case 6..<8:
                guard let id = open.keys.randomElement(using: &generator) else { continue }
                open[id]?.hasAsked = true
                ledger.asked(id)
            default:
                guard let id = open.keys.randomElement(using: &generator) else { continue }
                open[id] = nil
                ledger.closed(id)
            }
            #expect(ledger.count == open.count)
            #expect(open.values.count { !$0.isForProbes } <= limits.total)
            #expect(open.values.count { $0.isForProbes } <= limits.probes)
        }
    }

    @Test func addressesAreToldApartByHostAndNetwork() throws {
        func peer(_ text: String) throws -> PeerAddress? { PeerAddress(try SocketAddress(ipAddress: text, port: 1)) }
        #expect(try peer("10.0.0.1") == peer("::ffff:10.0.0.1"))
        #expect(try peer("10.0.0.1") != peer("10.0.0.2"))
        #expect(try peer("2001:db8:0:1::1") == peer("2001:db8:0:1:ffff::2"))
        #expect(try peer("2001:db8:0:1::1") != peer("2001:db8:0:2::1"))
        #expect(try PeerAddress(SocketAddress(unixDomainSocketPath: "/a")) == nil)
    }
}
