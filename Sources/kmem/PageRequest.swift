import AllocationTrace
import KernelMemory

/// A page operation of a recording, ready to be performed: the mask is a number and the processor is the machine's.
struct PageRequest: BitwiseCopyable {
  /// Index of the operation in the recording.
  var operation: Int
  /// The operation that asked for the pages, and the offset into them.
  var block: Int
  var offset: Int
  /// The mask; before ``resolveMask(_:_:)`` the number of its text.
  var mask: UInt32
  var verb: KernelVerb
  var order: UInt8
  var cpu: UInt8
  /// Whether the kernel version has such a mask.
  var hasMask = true

  /// A recording's processors beyond the machine's `cpus` stand for those that it has, in turn.
  init(_ operation: KernelOperation, index: Int, cpus: Int) {
    self.operation = index
    block = operation.block
    offset = operation.offset
    mask = UInt32(operation.text)
    verb = operation.verb
    order = operation.order
    cpu = UInt8(Int(operation.cpu) % cpus)
  }

  /// Puts the mask in the place of its text's number.
  mutating func resolveMask(_ masks: inout MaskTable, _ texts: TextTable) {
    let number = Int32(mask)
    let found = masks.mask(number, texts[number])
    mask = found ?? 0
    hasMask = found != nil
  }
}

/// Turns a recording's GFP texts into masks, each text once.
struct MaskTable {
  private let names: GFPFlagTable
  /// By the text's number: the mask; bit 32 is set where the text is none, bit 33 where it has not been asked for yet.
  private var masks: [UInt64] = []
  private static let unknown: UInt64 = 1 << 32
  private static let unasked: UInt64 = 1 << 33

  /// Why texts are no masks of this version, each once.
  private(set) var errors: [String] = []

  init(_ names: GFPFlagTable) { self.names = names }

  /// The mask of the text called `number`, or nil when this kernel version has no such mask.
  mutating func mask(_ number: Int32, _ text: @autoclosure () -> String) -> UInt32? {
    let place = Int(number)
    while masks.count <= place { masks.append(Self.unasked) }
    if masks[place] == Self.unasked {
      do throws(GFPTextError) {
        masks[place] = UInt64(try names.parse(text()).rawValue)
      } catch {
        masks[place] = Self.unknown
        errors.append("`\(text())`: \(error)")
      }
    }
    return masks[place] == Self.unknown ? nil : UInt32(masks[place])
  }
}
