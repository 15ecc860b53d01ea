import NIOCore

/// `/metrics`: everything that the service counts, as Prometheus reads it.
struct MetricsRoute: Sendable {
    let registry: PrometheusRegistry
    let models: ModelRegistry
    let heads: HeadRegistry
    let indexes: ServedIndexes
    let bank: ByteBank
    let tls: TLSIdentity?
    /// Nil where the program logs by other means.
    let log: LogOutput?

    func respond() -> HTTPResponse {
        var families = registry.families + ProcessMetrics.families() + ModelMetrics.families(models)
        families += HeadMetrics.families(heads) + IndexMetrics.families(indexes)
        families.append(.heldBytes(bank.held))
        if let log { families.append(log.metrics) }
        if let tls { families.append(.certificate(notAfter: tls.notAfter)) }
        var text = PrometheusText()
        for family in families.sorted(by: { $0.name < $1.name }) { text.write(family) }
        return HTTPResponse(.ok, PrometheusText.contentType, ByteBuffer(string: text.output))
    }
}
