// swift-tools-version: 6.1
import PackageDescription

let swift: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
]
// Suites that compute little themselves compile in a third of the time without optimisation.
let plain = swift + [.unsafeFlags(["-Onone"], .when(configuration: .release))]
let c: [CSetting] = [.define("NDEBUG", .when(configuration: .release))]

let package = Package(
    name: "unmask",
    products: [
        .executable(name: "unmask", targets: ["unmask"]),
        .library(
            name: "Unmask",
            targets: [
                "UnmaskGraph", "UnmaskRuntime", "UnmaskWeights", "UnmaskONNX", "UnmaskImage", "UnmaskModel",
                "UnmaskHeads", "UnmaskIndex", "UnmaskService",
            ]),
        // The same without sockets: no NIO, no TLS.
        .library(
            name: "UnmaskEngine",
            targets: [
                "UnmaskGraph", "UnmaskRuntime", "UnmaskWeights", "UnmaskONNX", "UnmaskImage", "UnmaskModel",
                "UnmaskHeads", "UnmaskIndex",
            ]),
        .library(name: "UnmaskIndex", targets: ["UnmaskIndex"]),
        .library(name: "UnmaskClient", targets: ["UnmaskClient"]),
        .library(name: "UnmaskService", targets: ["UnmaskService"]),
        // The readers of files and images, and what plans and runs graphs, which fuzz/ exercises.
        .library(name: "UnmaskPixels", targets: ["UnmaskImage"]),
        .library(name: "UnmaskReaders", targets: ["UnmaskGraph", "UnmaskWeights", "UnmaskONNX", "UnmaskRuntime"]),
    ],
    traits: [
        .default(enabledTraits: ["TLS"]),
        .trait(
            name: "TLS", description: "Listeners and clients speak TLS, by BoringSSL: most of what a build compiles."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // What the processor has, asked in one place for all C targets.
        .target(name: "CUnmaskProcessor", cSettings: c),
        .target(name: "CUnmaskKernels", dependencies: ["CUnmaskProcessor"], cSettings: c),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .target(name: "CUnmaskMapping", cSettings: c),
        .target(name: "UnmaskGraph", dependencies: ["CUnmaskMapping"], swiftSettings: swift),
        .target(name: "UnmaskRuntime", dependencies: ["UnmaskGraph", "CUnmaskKernels"], swiftSettings: swift),
        .target(name: "UnmaskWeights", dependencies: ["UnmaskGraph", "CUnmaskZlib"], swiftSettings: swift),
        .target(
            name: "UnmaskONNX",
            dependencies: ["UnmaskGraph", "UnmaskWeights", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
            swiftSettings: swift),
        .target(
            name: "CUnmaskONNXChecker",
            cxxSettings: [.define("ONNX_ML", to: "1"), .define("ONNX_NAMESPACE", to: "onnx")],
            linkerSettings: [
                .linkedLibrary("onnx"), .linkedLibrary("onnx_proto"), .linkedLibrary("protobuf"),
                .linkedLibrary("stdc++"),
            ]),
        .target(name: "CUnmaskZlib", cSettings: c, linkerSettings: [.linkedLibrary("z")]),
        .target(name: "CUnmaskDecoding", cSettings: c),
        .target(
            name: "CUnmaskJPEG", dependencies: ["CUnmaskDecoding"], cSettings: c,
            linkerSettings: [.linkedLibrary("jpeg")]),
        .target(
            name: "CUnmaskPNG", dependencies: ["CUnmaskDecoding"], cSettings: c,
            linkerSettings: [.linkedLibrary("png16")]),
        .target(
            name: "CUnmaskWebP", dependencies: ["CUnmaskDecoding"], cSettings: c,
            linkerSettings: [.linkedLibrary("webpdemux"), .linkedLibrary("webp")]),
        .target(
            name: "CUnmaskGIF", dependencies: ["CUnmaskDecoding"], cSettings: c,
            linkerSettings: [.linkedLibrary("gif")]),
        .target(
            name: "CUnmaskTIFF", dependencies: ["CUnmaskDecoding"], cSettings: c,
            linkerSettings: [.linkedLibrary("tiff")]),
        .target(
            name: "CUnmaskAVIF", dependencies: ["CUnmaskDecoding"], cSettings: c,
            linkerSettings: [.linkedLibrary("avif")]),
        // Loads libheif when the first HEIC comes.
        .target(name: "CUnmaskHEIF", dependencies: ["CUnmaskDecoding"], cSettings: c),
        .target(name: "CUnmaskResample", dependencies: ["CUnmaskProcessor"], cSettings: c),
        .target(
            name: "UnmaskImage",
            dependencies: [
                "CUnmaskDecoding", "CUnmaskJPEG", "CUnmaskPNG", "CUnmaskWebP", "CUnmaskGIF", "CUnmaskTIFF",
                "CUnmaskAVIF", "CUnmaskHEIF", "CUnmaskResample",
            ],
            swiftSettings: swift),
        .target(
            name: "UnmaskModel",
            dependencies: ["UnmaskGraph", "UnmaskRuntime", "UnmaskWeights", "UnmaskONNX", "UnmaskImage", "CCrypto"],
            swiftSettings: swift),
        // Loads OpenBLAS when it is first needed.
        .target(name: "CUnmaskBLAS", dependencies: ["CUnmaskProcessor"], cSettings: c),
        // FAISS, and the OpenMP that it was built with, are archives: programs need no library more. `omp.h` is the target's own.
        .target(
            name: "CUnmaskFAISS", dependencies: ["CUnmaskBLAS"], cSettings: c,
            cxxSettings: [.headerSearchPath("."), .define("NDEBUG", .when(configuration: .release))],
            linkerSettings: [.linkedLibrary("faiss"), .linkedLibrary(":libgomp.a"), .linkedLibrary("stdc++")]),
        .target(
            name: "UnmaskIndex", dependencies: ["UnmaskRuntime", "UnmaskGraph", "CUnmaskFAISS"], swiftSettings: swift),
        .target(
            name: "UnmaskHeads",
            dependencies: ["UnmaskModel", "UnmaskWeights", "UnmaskGraph", "CUnmaskBLAS"],
            swiftSettings: swift),
        .target(name: "CUnmaskPage", exclude: ["files"], cSettings: c),
        .target(
            name: "UnmaskService",
            dependencies: [
                "UnmaskHeads", "UnmaskModel", "UnmaskIndex", "UnmaskRuntime", "UnmaskImage", "CMalloc", "CUnmaskZlib",
                "CUnmaskPage",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["TLS"])),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swift),
        .target(
            name: "UnmaskClient",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["TLS"])),
            ],
            swiftSettings: swift),
        .executableTarget(
            name: "unmask",
            dependencies: [
                "UnmaskClient", "UnmaskService", "UnmaskHeads", "UnmaskModel", "UnmaskRuntime", "UnmaskGraph",
                "UnmaskWeights", "UnmaskONNX", "UnmaskIndex",
                "UnmaskImage", "CUnmaskKernels",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: swift),

        .testTarget(name: "CUnmaskKernelsTests", dependencies: ["CUnmaskKernels"], swiftSettings: swift),
        .testTarget(name: "UnmaskGraphTests", dependencies: ["UnmaskGraph"], swiftSettings: plain),
        .testTarget(
            name: "UnmaskImageTests", dependencies: ["UnmaskImage", "CUnmaskResample"],
            resources: [.copy("Fixtures")], swiftSettings: swift),
        .testTarget(
            name: "UnmaskWeightsTests", dependencies: ["UnmaskWeights", "UnmaskGraph"],
            resources: [.copy("Fixtures")], swiftSettings: plain),
        .testTarget(
            name: "UnmaskONNXTests",
            dependencies: [
                "UnmaskONNX", "UnmaskRuntime", "UnmaskGraph",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            resources: [.copy("Fixtures")], swiftSettings: plain),
        .testTarget(
            name: "UnmaskRuntimeTests", dependencies: ["UnmaskRuntime", "UnmaskGraph", "CUnmaskKernels"],
            swiftSettings: swift),
        .testTarget(
            name: "UnmaskIndexTests", dependencies: ["UnmaskIndex", "UnmaskRuntime", "UnmaskGraph"],
            swiftSettings: swift),
        .testTarget(
            name: "UnmaskModelTests",
            dependencies: [
                "UnmaskModel", "UnmaskRuntime", "UnmaskGraph", "UnmaskWeights", "UnmaskONNX", "UnmaskImage",
            ],
            resources: [.copy("Fixtures")], swiftSettings: plain),
        .testTarget(
            name: "UnmaskHeadsTests",
            dependencies: ["UnmaskHeads", "UnmaskModel", "UnmaskWeights", "UnmaskGraph"],
            resources: [.copy("Fixtures")], swiftSettings: swift),
        .testTarget(
            name: "UnmaskExportTests",
            dependencies: [
                "UnmaskModel", "UnmaskRuntime", "UnmaskGraph", "UnmaskWeights", "UnmaskONNX", "CUnmaskONNXChecker",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: plain),
        .testTarget(
            name: "UnmaskServiceTests",
            dependencies: [
                "unmask", "UnmaskClient", "UnmaskService", "UnmaskHeads", "UnmaskIndex", "UnmaskModel", "UnmaskRuntime",
                "UnmaskImage",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["TLS"])),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: plain),
        .testTarget(
            name: "UnmaskCommandTests",
            dependencies: [
                "unmask", "UnmaskHeads", "UnmaskModel", "UnmaskWeights", "UnmaskGraph", "UnmaskImage", "UnmaskIndex",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: plain),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)

// All tests become one program. Where these are named, it is of them alone, as sanitizers want it, which build everything anew.
if let wanted = Context.environment["UNMASK_TEST_TARGETS"]?.split(separator: " ") {
    package.targets.removeAll { $0.type == .test && !wanted.contains($0.name[...]) }
}
