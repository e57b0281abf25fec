import AllocationTrace
import LabKit

/// The verbs of the BuddySystem lab; a raw value is the verb's index in ``vocabulary``.
public enum BuddySystemVerb: UInt8, CaseIterable, Sendable {
  case boot, allocate, free, show, list

  /// The vocabulary that a trace file of this lab names in its head.
  public static let vocabulary = Vocabulary(
    name: "BuddySystem",
    verbs: [
      Verb(
        "boot", [Parameter("layout", .text)],
        "Sets up a machine, once and first: zones divided by |, the usable frames of each as 0-6,8-15.",
        outcomes: .done),
      Verb(
        "allocate", [Parameter("order", .number), Parameter("zone", .number)],
        "Asks for a block of 2^order frames from zone or a lower one; returns its first frame or none.",
        outcomes: [.number, .none]),
      Verb(
        "free", [Parameter("block", .block), Parameter("order", .number)],
        "Gives a block back; done, or refused.", outcomes: [.done, .refused]),
      Verb(
        "show", [],
        "Returns all free blocks of the machine: zone, order and first frame of each, sorted.",
        outcomes: .numbers),
      Verb(
        "list", [Parameter("order", .number), Parameter("zone", .number)],
        "Returns the first frames of the free blocks of one order in one zone, sorted.",
        outcomes: .numbers),
    ])
}

/// Writes operations of the BuddySystem lab.
///
/// A block is named by the operation that answered it, so that a trace is complete before it runs.
public enum BuddySystemOperation {
  /// Boots a machine with these zones.
  public static func boot(_ zones: [MemoryZone]) -> TraceOperation {
    boot(layout: MachineLayout.text(of: zones))
  }

  /// Boots the machine that `layout` describes, for example `0-6,8-15|16-31`.
  public static func boot(layout: String) -> TraceOperation {
    TraceOperation(verb: BuddySystemVerb.boot.rawValue, [.text(layout)])
  }

  /// Asks for a block of 2^order frames.
  public static func allocate(order: Int, zone: Int = 0) -> TraceOperation {
    TraceOperation(verb: BuddySystemVerb.allocate.rawValue, [.number(order), .number(zone)])
  }

  /// Gives back what `operation` answered, moved by `offset` frames.
  public static func free(_ operation: Int, offset: Int = 0, order: Int) -> TraceOperation {
    TraceOperation(
      verb: BuddySystemVerb.free.rawValue,
      [.block(Handle(operation, offset: offset)), .number(order)])
  }

  /// Gives back the block at a frame that is named outright.
  public static func free(frame: Int, order: Int) -> TraceOperation {
    TraceOperation(verb: BuddySystemVerb.free.rawValue, [.number(frame), .number(order)])
  }

  /// Opens the window on all free blocks.
  public static let show = TraceOperation(verb: BuddySystemVerb.show.rawValue)

  /// Opens the window on one order of one zone, which need not exist.
  public static func list(order: Int, zone: Int) -> TraceOperation {
    TraceOperation(verb: BuddySystemVerb.list.rawValue, [.number(order), .number(zone)])
  }
}
