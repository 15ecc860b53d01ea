extension ServiceConfiguration {
    /// - Throws: the first value that no server could work with.
    func validate() throws(ConfigurationError) {
        guard unixSocketPath != nil || tcp != nil || http != nil else { throw .noListener }
        if let problem = access.problems.first { throw problem }
        let gibibyte = 1 << 30
        try check("limits.lineBytes", limits.lineBytes, 1024...gibibyte)
        try check("limits.payloadBytes", limits.payloadBytes, 1024...gibibyte)
        try check("limits.image.maxBytes", limits.image.maxBytes, 1024...gibibyte)
        try check("limits.image.maxPixels", limits.image.maxPixels, 1...gibibyte)
        try check("limits.imagesPerRequest", limits.imagesPerRequest, 1...4096)
        try check("limits.requestsInFlight", limits.requestsInFlight, 1...4096)
        try check("limits.unwrittenBytes", limits.unwrittenBytes, 1024...gibibyte)
        try check("limits.connections", limits.connections, 1...1_000_000)
        try check("limits.queuedImages", limits.queuedImages, limits.imagesPerRequest...1_000_000)
        try check("engine.batchImages", engine.batchImages, 1...4096)
        try check("engine.batchTokens", engine.batchTokens, 1...(1 << 24))
        try check("engine.preparationThreads", engine.preparationThreads, 1...256)
        try check("engine.preparedBatches", engine.preparedBatches, 1...1024)
        try check("engine.ioThreads", engine.ioThreads, 1...256)
        if let tcp { try check("tcp.port", tcp.port, 0...65535) }
        if let http {
            try check("http.address.port", http.address.port, 0...65535)
            try check("http.headerBytes", http.headerBytes, 1024...1 << 20)
            guard http.keepAlive > .zero else { throw .timeout(name: "keepAlive") }
        }
        for (name, value) in [
            ("request", timeouts.request), ("answer", timeouts.answer), ("drain", timeouts.drain),
            ("stall", timeouts.stall), ("idle", timeouts.idle), ("ready", timeouts.ready),
            ("idleModel", timeouts.idleModel ?? .seconds(1)), ("queueWait", limits.queueWait ?? .seconds(1)),
        ] where value <= .zero {
            throw .timeout(name: name)
        }
    }

    private func check(_ name: String, _ value: Int, _ allowed: ClosedRange<Int>) throws(ConfigurationError) {
        guard allowed.contains(value) else { throw .limit(name: name, value: value, allowed: allowed) }
    }
}
