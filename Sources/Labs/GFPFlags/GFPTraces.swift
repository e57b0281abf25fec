import AllocationTrace
import LabBench
import LabKit

/// What the lab knows of traces that it did not make itself.
enum GFPTraces {
  /// The contract's methods, in its order; each has a verb of its own.
  static let methods = [
    "mask(of:)", "zoneModifiers(of:)", "actionModifiers(of:)", "baseType(of:)", "maySleep(_:)",
    "mayStartIO(_:)", "mayEnterFileSystem(_:)", "zones(for:on:)", "watermark(for:min:)",
    "flags(for:)", "parse(_:)", "text(of:)",
  ]

  /// The method that an operation calls.
  static let method: @Sendable (TraceOperation) -> String? = { operation in
    let index = Int(operation.verb)
    return methods.indices.contains(index) ? methods[index] : nil
  }

  /// Every argument is one that the contract knows.
  static let flaw: @Sendable ([TraceOperation]) -> String? = { operations in
    for (index, operation) in operations.enumerated() {
      if let flaw = flaw(of: operation) { return "operation #\(index): \(flaw)" }
    }
    return nil
  }

  private static func flaw(of operation: TraceOperation) -> String? {
    let first =
      if case .text(let text)? = operation.arguments.first { text } else { "" }
    switch GFPFlagsVerb(rawValue: operation.verb) {
    case .value: return GFPType(rawValue: first) == nil ? "no type is called \(first)" : nil
    case .flags:
      return GFPSituation(operation.arguments) == nil
        ? "there is no such situation. One is: flags context=process code=ordinary memory=kernel without=no"
        : nil
    case .parse: return nil
    case .zones:
      guard case .text(let name)? = operation.arguments.last,
        GFPMachine.all.contains(where: { $0.name == name })
      else {
        return "there is no such machine. There are: "
          + GFPMachine.all.map(\.name).joined(separator: ", ")
      }
    default: break
    }
    return GFPHex.mask(first) == nil
      ? "\(first) is not a mask. Write 0x and at most eight hexadecimal digits: 0xcc0" : nil
  }
}
