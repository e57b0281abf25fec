import AllocationTrace
import LabBench

/// What the lab knows of traces that it did not make itself.
enum BuddyTraces {
  /// The contract's methods, in its order.
  static let methods = [
    "init(zones:)", "allocate(order:zone:)", "free(_:order:)", "freeBlocks(order:zone:)",
  ]

  /// The method that an operation calls.
  static let method: @Sendable (TraceOperation) -> String? = { operation in
    switch BuddySystemVerb(rawValue: operation.verb) {
    case .boot: methods[0]
    case .allocate: methods[1]
    case .free: methods[2]
    case .show, .list: methods[3]
    case nil: nil
    }
  }

  /// A trace boots one machine, and does so first.
  static let flaw: @Sendable ([TraceOperation]) -> String? = { operations in
    guard let layout = operations.first?.bootLayout else {
      return "a trace of this lab begins with a machine, for example: boot layout=0-15"
    }
    guard Machine(layout) != nil else {
      return
        "\(layout) is not a machine. Write the usable frames of up to 8 zones, lowest first: boot layout=0-6,8-15|16-31"
    }
    if let second = operations.dropFirst().firstIndex(where: { $0.bootLayout != nil }) {
      return "operation #\(second) boots again; a trace has one machine"
    }
    return nil
  }
}

extension Law {
  /// The counterexample that a performed trace is, where it breaks the law; nil where it does not.
  static func counterexample(
    _ operations: [TraceOperation], _ transcript: Transcript
  ) -> Counterexample? {
    do throws(Finding) {
      _ = try judge(operations, transcript)
      return nil
    } catch {
      return error.counterexample
    }
  }
}
