public import ArgumentParser
public import UnmaskHeads

extension HeadKind: ExpressibleByArgument {}
