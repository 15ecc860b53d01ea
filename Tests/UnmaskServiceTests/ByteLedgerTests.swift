import Testing

@testable import UnmaskService

/// Who is read, by the account alone.
@Suite struct ByteLedgerTests {
    private static func limits(connections: Int, request: Int = 1000, shared: Int) -> ByteLedger.Limits {
        .init(total: request + shared + connections * 20, read: 10, request: request, small: connections * 20)
    }

    /// Clients that send large requests, each stopped by the account alone.
    private struct Client {
        var id: UInt64
        var size: Int
        var sent = 0
        var isStalled = false
        var isWaiting = false
    }

    /// Over random clients, none of which ends in the middle: the bytes stay within the total and everyone comes to its
    /// end, however many are half-way through at the same time.
    @Test(arguments: 0..<20)
    func everybodyComesToAnEnd(seed: UInt64) {
        var generator = SplitMix(state: seed)
        let count = Int.random(in: 1...40, using: &generator)
        let limits = Self.limits(connections: count, shared: Int.random(in: 10...3000, using: &generator))
        var ledger = ByteLedger(limits)
        var clients = (0..<count).map { _ in
            Client(id: ledger.open(), size: Int.random(in: 1...limits.request, using: &generator))
        }
        var (steps, running) = (0, [Int]())
        func resume(_ ids: [UInt64]) {
            for index in clients.indices where ids.contains(clients[index].id) { clients[index].isWaiting = false }
        }
        while clients.contains(where: { $0.sent < $0.size }) || !running.isEmpty {
            steps += 1
            guard steps < 100_000 else {
                Issue.record("nobody may read, with \(ledger.held) of \(limits.total) bytes held")
                return
            }
            let able = clients.indices.filter { clients[$0].sent < clients[$0].size && !clients[$0].isWaiting }
            if let index = able.randomElement(using: &generator), running.isEmpty || Bool.random(using: &generator) {
                guard ledger.mayRead(clients[index].id) else {
                    clients[index].isWaiting = true
                    continue
                }
                let bytes = min(
                    Int.random(in: 1...limits.read, using: &generator), clients[index].size - clients[index].sent)
                ledger.received(bytes, by: clients[index].id)
                clients[index].sent += bytes
                if clients[index].sent == clients[index].size {
                    resume(ledger.completed(clients[index].id))
                    running.append(index)
                }
            } else if !running.isEmpty {
                let index = running.removeFirst()
                resume(ledger.remove(clients[index].size, from: clients[index].id))
            }
            #expect(ledger.held <= limits.total)
        }
        #expect(ledger.held == 0)
    }

    @Test func theLargestWaitFirstAndASmallLineIsAlwaysRead() {
        let limits = Self.limits(connections: 20, request: 100, shared: 1000)
        var ledger = ByteLedger(limits)
        var held: [UInt64: Int] = [:]
        func fill(_ id: UInt64) {
            while ledger.mayRead(id), held[id, default: 0] < 5000 {
                ledger.received(10, by: id)
                held[id, default: 0] += 10
            }
        }
        // The first to wait may use the room for a request.
        let favoured = ledger.open()
        fill(favoured)
        let greedy = (0..<4).map { _ in ledger.open() }
        for _ in 0..<3 { for id in greedy { fill(id) } }
        let newcomer = ledger.open()
        fill(newcomer)
        #expect(held[newcomer, default: 0] > 20, "there is always room for one more")
        for id in greedy { #expect(held[id, default: 0] < 800, "nobody has it all") }
        while !ledger.isFull { fill(ledger.open()) }
        let small = ledger.open()
        let answer1 = ledger.mayRead(small)
        #expect(answer1)
        ledger.received(10, by: small)
        let answer2 = ledger.mayRead(small)
        #expect(answer2, "the rest of its line")
    }

    @Test func closingLetsOthersGoOn() {
        var ledger = ByteLedger(Self.limits(connections: 3, request: 50, shared: 100))
        let (first, second) = (ledger.open(), ledger.open())
        while ledger.mayRead(first) { ledger.received(10, by: first) }
        while ledger.mayRead(second) { ledger.received(10, by: second) }
        #expect(ledger.isWaiting(first) && ledger.isWaiting(second))
        let resumed = ledger.close(first)
        #expect(resumed == [second])
        let mayRead = ledger.mayRead(second)
        #expect(!ledger.isWaiting(second) && mayRead)
        let nobody = ledger.close(second)
        #expect(nobody.isEmpty && ledger.held == 0)
    }

    @Test func anAnswerCountsAndIsNotStopped() {
        let limits = Self.limits(connections: 2, request: 50, shared: 100)
        var ledger = ByteLedger(limits)
        let (deaf, other) = (ledger.open(), ledger.open())
        ledger.add(10_000, to: deaf)
        var answers: [Bool] = []
        for _ in 0..<8 {
            answers.append(ledger.mayRead(other))
            if answers.last == true { ledger.received(10, by: other) }
        }
        #expect(answers == Array(repeating: true, count: 2 + 5) + [false], "a small line, and one request")
        let resumed = ledger.remove(10_000, from: deaf)
        #expect(resumed == [other])
    }

    @Test func theDefaultsLeaveRoomForEverything() throws {
        for connections in [1, 16, 4096, 100_000] {
            for total in [nil, 1 << 28, 1 << 30] {
                let limits = ServiceConfiguration.with {
                    $0.limits.connections = connections
                    $0.limits.totalBytes = total
                }.byteLimits
                guard limits.total >= 8 * 1024 * (connections + 16) else { continue }
                #expect(limits.small <= limits.total / 4 && limits.shared >= limits.total / 8 && limits.read >= 1024)
            }
        }
    }
}
