/// All samples of one metric, at one moment.
struct MetricFamily: Sendable {
    enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    struct Sample: Sendable {
        /// `_bucket`, `_sum` or `_count` of a histogram; else empty.
        var suffix = ""
        var labels: [MetricLabel] = []
        var value: Double
    }

    var name: String
    var help: String
    var kind: Kind
    var samples: [Sample]
}

struct MetricLabel: Sendable, Hashable {
    var name: String
    var value: String
}

extension MetricFamily {
    /// A gauge, or a counter, that has one value.
    static func single(_ name: String, _ help: String, _ kind: Kind, _ value: Double) -> MetricFamily {
        MetricFamily(name: name, help: help, kind: kind, samples: [.init(value: value)])
    }

    static func certificate(notAfter: Int) -> MetricFamily {
        single(
            "unmask_tls_certificate_not_after_seconds", "When the certificate expires, in seconds since 1970.", .gauge,
            Double(notAfter))
    }

    static func heldBytes(_ bytes: Int) -> MetricFamily {
        single("unmask_held_bytes", "Bytes of requests and answers that connections hold.", .gauge, Double(bytes))
    }
}
