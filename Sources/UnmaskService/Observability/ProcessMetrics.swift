import Foundation

/// What the system says of this process, under the names that Prometheus's own client libraries use.
enum ProcessMetrics {
    /// Read from /proc at every call; what cannot be read is left out.
    static func families() -> [MetricFamily] {
        var families: [MetricFamily] = []
        if let started = startTime() {
            families.append(
                .single("process_start_time_seconds", "When the process began, in seconds since 1970.", .gauge, started)
            )
        }
        let resident = ResidentMemory.bytes
        if resident > 0 {
            families.append(
                .single("process_resident_memory_bytes", "Memory that is resident.", .gauge, Double(resident)))
        }
        if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            families.append(.single("process_open_fds", "Files and sockets that are open.", .gauge, Double(open.count)))
        }
        var usage = rusage()
        if getrusage(RUSAGE_SELF.rawValue, &usage) == 0 {
            let seconds = usage.ru_utime.seconds + usage.ru_stime.seconds
            families.append(
                .single("process_cpu_seconds_total", "Processor time, user and system.", .counter, seconds))
        }
        return families
    }

    /// The machine's boot time, and field 22 of /proc/self/stat: clock ticks from then on (proc(5)). The second field is
    /// the program's name, in brackets and with any characters in it.
    private static func startTime() -> Double? {
        guard let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let system = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
            let fields = stat.split(separator: ")").last?.split(separator: " "), fields.count > 19,
            let ticks = Double(fields[19]),
            let boot = system.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }).flatMap({
                Double($0.dropFirst(6))
            })
        else { return nil }
        return boot + ticks / Double(sysconf(CInt(_SC_CLK_TCK)))
    }
}

extension timeval {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) * 1e-6 }
}
