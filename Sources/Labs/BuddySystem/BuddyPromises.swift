/// What the contract of the BuddySystem lab and its lesson promise, in the order in which they say it.
enum BuddyPromises {
  static let all: [Promise] = boot + allocate + free + window + lesson

  private static let boot = [
    Promise(
      "The largest order of a block: 2^10 frames", checks: ["order-limits", "split", "merge"],
      edges: "orders 9 and 10 allocated, freed and merged; order 11 refused; two blocks of order 10"
    ),
    Promise(
      "Frames are named by their absolute numbers", checks: ["odd-memory", "merge", "alignment"],
      edges: "memory from frame 3, 5, 1023 and 4194288 on: buddies and multiples counted from 0"),
    Promise(
      "A block of order n starts at a multiple of 2^n",
      checks: ["alignment", "order-limits"],
      edges: "every order 0...9 on 2048 frames, order 10 on 4096"),
    Promise(
      "lies within the usable frames of one zone",
      checks: ["holes", "zone-border", "odd-memory"],
      edges: "holes and ranges of one frame; 8 zones; buddies on both sides of a border"),
    Promise(
      "afterwards every usable frame is free",
      checks: ["boot", "odd-memory", "holes", "zone-border", "accounting"],
      edges: "every range within frames 0...11; 1 to 16 frames at places 0...16 in 8 zones; 0-1499"),
    Promise(
      "Free memory is kept in the largest blocks that alignment",
      checks: ["boot", "odd-memory", "same-blocks"],
      edges: "1, 16, 1024 and 4096 frames; ends that are no power of two; frames 4194288–4194303"),
    Promise(
      "differs in bit order alone", checks: ["merge", "every-sequence"],
      edges: "the lower and the upper buddy at every order 0...9"),
    Promise(
      "never both free as blocks of the same order below maxOrder",
      checks: ["merge", "boot", "order-limits"],
      edges:
        "after boot, after every free of 7 calls on 8 frames; two free blocks of order 10 side by side"
    ),
    Promise(
      "neither after init nor after any later call",
      checks: ["same-blocks", "every-sequence", "long-run"],
      edges: "windows after every call of random plans, and now and then in 12,000 calls"),
    Promise(
      "1 to 8 zones, lowest first", checks: ["zone-fallback", "zone-border"],
      edges: "1, 2, 3, 4, 7 and 8 zones; the first and the last of them"),
    Promise(
      "a zone's index is its position", checks: ["zone-fallback", "zone-border"],
      edges: "blocks of each of 8 zones listed in their own"),
    Promise(
      "every frame number is less than 2^22", checks: ["odd-memory"],
      edges: "a machine of the last 16 frames: all handed out and given back"),
    Promise(
      "Memory need not begin at frame 0, nor a zone at an aligned frame",
      checks: ["odd-memory", "zone-border"],
      edges: "memory from frame 1, 2, 3, 5, 7 and 1023 on; zones from 1, 3, 5, 6, 13, 17 and 23 on"),
    Promise(
      "init may take time for each frame", checks: ["growth"],
      edges: "2^12, 2^16 and 2^21 frames; boot is timed by itself, with a generous bound"),
  ]

  private static let allocate = [
    Promise(
      "Hands out a block of 2^order frames", checks: ["no-overlap", "accounting", "split"],
      edges: "orders 0...10; a machine handed out to its last frame"),
    Promise(
      "Zones are tried from zone downwards to zone 0", checks: ["zone-fallback"],
      edges: "each of 8 zones asked while all below are free, and while all of them are full"),
    Promise(
      "the first with a sufficient free block serves the request", checks: ["zone-fallback"],
      edges:
        "a large block in the asked zone before a fitting one below; zones in between that are empty"
    ),
    Promise(
      "In that zone the smallest sufficient free block is taken (any one of that order)",
      checks: ["split", "every-sequence"],
      edges: "blocks of every order free beside each other; either of two of one order"),
    Promise(
      "it is split in halves until one half is just right (either half)", checks: ["split"],
      edges: "order 10 down to 0, 9 and 4; designs that keep the upper half, the lower, or either"),
    Promise(
      "the other halves stay free", checks: ["split", "accounting"],
      edges: "one block of each order between; none twice"),
    Promise(
      "A nil answer changes nothing", checks: ["exhaustion", "order-limits", "same-blocks"],
      edges: "full memory, orders and zones that do not exist; requests and windows after each"),
    Promise(
      "nil is the answer only when none of these zones has a sufficient free block",
      checks: ["exhaustion", "zone-fallback", "long-run"],
      edges: "memory full to the last frame; after frees; the same block 66,000 times"),
    Promise(
      "any other order, also a negative one, answers nil", checks: ["order-limits"],
      edges:
        "-1, -2, 11...13, 15, 16, 26, 31...33, 62...65, 127, 128, 255...257, 65,536, 2^32, Int.min, Int.max"
    ),
    Promise(
      "one that does not exist answers nil", checks: ["order-limits", "zone-fallback"],
      edges:
        "zones 1...9 of one, 2 of two, -1, 16, 32, 64, 128, 255...257, 65,536, 2^32, Int.min, Int.max"
    ),
    Promise(
      "the first frame of the block", checks: ["alignment", "no-overlap"],
      edges: "frame 0, frame 1 where memory begins there, the last frame"),
    Promise(
      "O(number of zones × maxOrder), independent of the amount of memory",
      checks: ["growth", "speed"],
      edges: "2^12, 2^16 and 2^21 frames: lists of every length, splits, other zones, nothing free"),
  ]

  private static let free = [
    Promise(
      "Takes back a block that allocate(order:zone:) handed out",
      checks: ["whole-again", "zone-border", "odd-memory"],
      edges: "first and last frame of memory and of each zone, frame 0; every order"),
    Promise(
      "While the block's buddy is free, in the same zone and of the same order",
      checks: ["merge", "zone-border", "holes"],
      edges:
        "a buddy in use, in part in use, of another order, in a hole, in another zone, behind memory"
    ),
    Promise(
      "up to maxOrder: at once, before this call returns", checks: ["merge", "order-limits"],
      edges: "10 merges in one free, from either end; none beyond order 10"),
    Promise(
      "not the first frame of a block that is allocated now with this very order",
      checks: ["wrong-block", "double-free", "every-sequence"],
      edges:
        "every frame with every order 0...11 after every 2 good calls on 8 frames, inside a block its own order too; before any other call"
    ),
    Promise(
      "any two numbers may be passed, also negative ones", checks: ["foreign-free", "wrong-block"],
      edges:
        "frames -8, -1, in holes and gaps, one behind the end, 2^22, 2^40, Int.min, Int.max; a block's frame + 2^8, 2^16, 2^32, 2^62; orders as for allocate"
    ),
    Promise(
      "A bad free changes nothing",
      checks: ["double-free", "wrong-block", "foreign-free", "same-blocks"],
      edges: "windows right after; then all is given back and asked for again"),
    Promise(
      "Stopping the program is not a refusal",
      checks: ["wrong-block", "foreign-free", "double-free"],
      edges: "shifts by 64 and more, sums beyond Int.max, frames and orders that index nothing"),
    Promise(
      "every case counts as a refusal", checks: ["double-free", "wrong-block", "foreign-free"],
      edges: "which case is thrown is never compared"),
    Promise(
      "independent of the amount of memory; the same for a bad free", checks: ["growth"],
      edges: "each kind of bad free, a thousand times, timed by itself"),
  ]

  private static let window = [
    Promise(
      "the first frames of the free blocks of one order in one zone, in any sequence",
      checks: ["accounting", "same-blocks"],
      edges: "sorted by whoever judges; a block listed twice is seen"),
    Promise(
      "An order or a zone that does not exist has no blocks", checks: ["order-limits"],
      edges: "the orders and zones of allocate, also where a list of a neighbour zone would be read"
    ),
    Promise(
      "at least one range, ascending, none empty; between two ranges lies a hole",
      checks: ["holes"],
      edges: "1 to 7 ranges; ranges and holes of one frame; holes of many"),
  ]

  private static let lesson = [
    Promise(
      "Whatever was handed out can be given back, and when everything has been, memory is as after boot",
      checks: ["whole-again", "long-run", "kernel-recording"],
      edges:
        "machines handed out to the last frame and given back upwards, downwards, evens first and at random"
    ),
    Promise(
      "After every call each frame is in use or in exactly one free block", checks: ["accounting"],
      edges:
        "one zone and two; frames lost, listed twice, listed while in use, listed in another zone"),
    Promise(
      "Frames in it are never handed out, never listed free, and never part of a merged block",
      checks: ["holes"],
      edges: "all memory beside the holes handed out and given back"),
    Promise(
      "Frames of two zones are never in one block, even if they are buddies by number",
      checks: ["zone-border"],
      edges: "zones that meet at a multiple of 4, 8 and 1024"),
    Promise(
      "what a booting Linux asked for", checks: ["kernel-recording"],
      edges: "11,599 requests and 5,014 frees on 130,942 frames in two zones"),
    Promise(
      "within 3 times a plain, well-made buddy system", checks: ["speed"],
      edges: "3, 10 and 30 times"),
  ]
}
