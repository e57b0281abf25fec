import AllocationTrace
import KernelMemory

/// An operation on objects of a recording, ready to be performed.
struct ObjectRequest: BitwiseCopyable {
  /// Index of the operation in the recording, and the operation that asked for the object.
  var operation: Int
  var block: Int
  /// Bytes asked for, and bytes that the recorded kernel handed out.
  var size: Int
  var given: Int
  /// The mask; before it is resolved the number of its text.
  var mask: UInt32
  /// Of caches the index among those of the replay, else -1. Of frees the one that the recording names.
  var cache: Int32 = -1
  var verb: KernelVerb
  var cpu: UInt8
  /// Whether the kernel version has such a mask.
  var hasMask = true

  init(_ operation: KernelOperation, index: Int, cpus: Int) {
    self.operation = index
    block = operation.block
    size = operation.size
    given = operation.given
    mask = UInt32(operation.text)
    verb = operation.verb
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

/// The object caches of a replay: made when an operation first needs them, by name.
struct ReplayCaches: ~Copyable {
  private(set) var caches: [ObjectCache] = []
  private var byName: [String: Int32] = [:]
  private let allocator: SlabAllocator
  /// Why caches could not be made, each name once.
  private(set) var problems: [String] = []

  init(_ allocator: SlabAllocator) { self.allocator = allocator }

  /// The index of the cache called `name`; of one for objects of `given` bytes, where there is none and that is known.
  mutating func index(_ name: String, given: Int?) -> Int32 {
    if let index = byName[name] { return index }
    guard let given else { return -1 }
    var index: Int32 = -1
    do throws(SlabError) {
      // The recording's names stand for merged caches already, and its sizes for whole slots.
      caches.append(try allocator.createCache(name, size: given, flags: .noMerge))
      index = Int32(caches.count - 1)
    } catch {
      problems.append("\(error)")
    }
    byName[name] = index
    return index
  }
}
