// swift-tools-version: 6.1
import PackageDescription

let swift: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
]
let c: [CSetting] = [.define("NDEBUG", .when(configuration: .release))]

let package = Package(
    name: "unmask",
    products: [
        .executable(name: "unmask", targets: ["unmask"]),
        .library(
            name: "Unmask",
            targets: ["UnmaskGraph", "UnmaskRuntime", "UnmaskWeights", "UnmaskImage", "UnmaskModel", "UnmaskService"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(name: "CUnmaskKernels", cSettings: c),
        .target(name: "UnmaskGraph", swiftSettings: swift),
        .target(name: "UnmaskRuntime", dependencies: ["UnmaskGraph", "CUnmaskKernels"], swiftSettings: swift),
        .target(name: "UnmaskWeights", dependencies: ["UnmaskGraph"], swiftSettings: swift),
        .target(
            name: "UnmaskImage", dependencies: ["CUnmaskJPEG", "CUnmaskPNG", "CUnmaskWebP"], swiftSettings: swift),
        .target(
            name: "UnmaskModel",
            dependencies: ["UnmaskGraph", "UnmaskRuntime", "UnmaskWeights", "UnmaskImage", "CUnmaskDigest"],
            swiftSettings: swift),
        .target(
            name: "UnmaskService",
            dependencies: [
                "UnmaskModel", "UnmaskImage",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swift),
        .executableTarget(
            name: "unmask",
            dependencies: [
                "UnmaskService", "UnmaskModel", "UnmaskRuntime", "UnmaskGraph", "UnmaskWeights", "UnmaskImage",
                "CUnmaskKernels",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swift),
    ],
    swiftLanguageModes: [.v6]
)
