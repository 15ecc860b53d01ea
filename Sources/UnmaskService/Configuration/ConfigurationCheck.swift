extension ServiceConfiguration {
    /// - Throws: everything with which no server could work, at once.
    func validate() throws(ConfigurationError) {
        try ConfigurationError.check(problems)
    }

    private var problems: [ConfigurationError] {
        var problems = access.problems
        if unixSocketPath == nil, tcp == nil, http == nil { problems.append(.noListener) }
        problems += numbers.compactMap { name, value, allowed in
            allowed.contains(value) ? nil : .limit(name: name, value: value, allowed: allowed)
        }
        problems += (http?.allowedHosts ?? []).filter { !HTTPGate.isName($0) }.map {
            ConfigurationError.hostUnusable($0)
        }
        problems += (http?.allowedOrigins ?? []).filter { !HTTPOrigins.isOrigin($0) }.map {
            ConfigurationError.originUnusable($0)
        }
        problems += durations.compactMap { name, value in
            value.map { $0 > .zero } ?? true ? nil : .timeout(name: name)
        }
        return problems
    }

    private var numbers: [(name: String, value: Int, allowed: ClosedRange<Int>)] {
        let gibibyte = 1 << 30
        var numbers = [
            ("limits.lineBytes", limits.lineBytes, 1024...gibibyte),
            ("limits.payloadBytes", limits.payloadBytes, 1024...gibibyte),
            ("limits.image.maxBytes", limits.image.maxBytes, 1024...gibibyte),
            ("limits.image.maxPixels", limits.image.maxPixels, 1...gibibyte),
            ("limits.image.maxSide", limits.image.maxSide, 1...gibibyte),
            ("limits.image.maxScanPixels", limits.image.maxScanPixels, 1...(gibibyte << 10)),
            ("limits.decodeBytes", limits.decodeBytes, (1 << 20)...(gibibyte << 10)),
            ("limits.imagesPerRequest", limits.imagesPerRequest, 1...4096),
            ("limits.requestsInFlight", limits.requestsInFlight, 1...4096),
            ("limits.unwrittenBytes", limits.unwrittenBytes, 1024...gibibyte),
            ("limits.connections", limits.connections, 1...1_000_000),
            ("limits.reservedConnections", connectionLimits.reserved, 0...max(limits.connections / 3, 0)),
            ("limits.connectionsPerAddress", connectionLimits.perAddress, 1...1_000_000),
            ("limits.totalBytes", byteLimits.total, leastTotalBytes...Int.max),
            ("limits.queuedImages", limits.queuedImages, min(max(limits.imagesPerRequest, 1), 4096)...1_000_000),
            ("engine.batchImages", engine.batchImages, 1...4096),
            ("engine.batchTokens", engine.batchTokens, 1...(1 << 24)),
            ("engine.preparationThreads", engine.preparationThreads, 1...256),
            ("engine.preparedBatches", engine.preparedBatches, 1...1024),
            ("engine.ioThreads", engine.ioThreads, 1...256),
        ]
        if let tcp { numbers.append(("tcp.port", tcp.port, 0...65535)) }
        if let http {
            numbers.append(("http.address.port", http.address.port, 0...65535))
            numbers.append(("http.headerBytes", http.headerBytes, 1024...(1 << 20)))
        }
        return numbers
    }

    /// Nil for those that are not set.
    private var durations: [(name: String, value: Duration?)] {
        [
            ("firstRequest", timeouts.firstRequest), ("request", timeouts.request), ("answer", timeouts.answer),
            ("drain", timeouts.drain),
            ("stall", timeouts.stall), ("idle", timeouts.idle), ("ready", timeouts.ready),
            ("idleModel", timeouts.idleModel), ("queueWait", limits.queueWait),
            ("image.maxTime", limits.image.maxTime), ("keepAlive", http?.keepAlive),
        ]
    }
}

extension ConfigurationError {
    /// - Throws: the problem, or all of them where there are several.
    static func check(_ problems: [ConfigurationError]) throws(ConfigurationError) {
        guard let first = problems.first else { return }
        throw problems.count == 1 ? first : .several(problems)
    }
}
