extension WeightsError {
    /// Every cause there is; the raw value is its stable name.
    public enum Cause: String, Sendable, CaseIterable {
        // Any file.
        case fileNotFound = "file_not_found"
        case fileIsDirectory = "file_is_directory"
        case fileNotRegular = "file_not_regular"
        case fileEmpty = "file_empty"
        case fileUnreadable = "file_unreadable"
        case fileChanged = "file_changed"
        case formatUnknown = "format_unknown"
        case formatForeign = "format_foreign"
        case gitLFSPointer = "git_lfs_pointer"

        // What a tensor is.
        case elementTypeUnsupported = "element_type_unsupported"
        case shapeOverflow = "shape_overflow"
        case tensorNameDuplicate = "tensor_name_duplicate"

        // safetensors.
        case headerTooSmall = "header_too_small"
        case headerTooLarge = "header_too_large"
        case headerBeyondFile = "header_beyond_file"
        case headerStart = "header_start"
        case headerJSON = "header_json"
        case headerMetadata = "header_metadata"
        case headerTensorInfo = "header_tensor_info"
        case elementTypeUnknown = "element_type_unknown"
        case offsetsReversed = "offsets_reversed"
        case offsetsBeyondFile = "offsets_beyond_file"
        case offsetsLength = "offsets_length"
        case offsetsOverlap = "offsets_overlap"
        case offsetsGap = "offsets_gap"
        case dataTrailing = "data_trailing"

        // The index of a sharded checkpoint.
        case indexJSON = "index_json"
        case indexTooLarge = "index_too_large"
        case indexWeightMapMissing = "index_weight_map_missing"
        case shardNameUnsafe = "shard_name_unsafe"
        case shardTensorMissing = "shard_tensor_missing"
        case shardTensorUnlisted = "shard_tensor_unlisted"

        // The zip archive of a torch file.
        case zipEndMissing = "zip_end_missing"
        case zipDirectory = "zip_directory"
        case zipMultipleDisks = "zip_multiple_disks"
        case zipEntryCompressed = "zip_entry_compressed"
        case zipEntryEncrypted = "zip_entry_encrypted"
        case zipEntryHeader = "zip_entry_header"
        case zipEntrySize = "zip_entry_size"
        case zipEntryOverlap = "zip_entry_overlap"
        case zipEntryName = "zip_entry_name"
        case zipEntryDuplicate = "zip_entry_duplicate"

        // A pickle.
        case pickleTruncated = "pickle_truncated"
        case pickleOpcode = "pickle_opcode"
        case pickleProtocol = "pickle_protocol"
        case pickleInvalid = "pickle_invalid"
        case pickleLimit = "pickle_limit"

        // A torch file.
        case torchPickleMissing = "torch_pickle_missing"
        case torchScript = "torch_script"
        case torchBigEndian = "torch_big_endian"
        case torchLegacyHeader = "torch_legacy_header"
        case torchLegacyStorages = "torch_legacy_storages"
        case torchNoStateDict = "torch_no_state_dict"
        case torchTensorUnsupported = "torch_tensor_unsupported"
        case torchTensorInvalid = "torch_tensor_invalid"
        case torchStorageMissing = "torch_storage_missing"
        case torchStorageSize = "torch_storage_size"
        case torchViewOutside = "torch_view_outside"
        case torchViewLimit = "torch_view_limit"

        // Output.
        case outputUnwritable = "output_unwritable"
        case outputNotRegular = "output_not_regular"
        case outputFailed = "output_failed"
        case tensorNameReserved = "tensor_name_reserved"
        case rowLength = "row_length"
        case rowElementType = "row_element_type"

        // npy.
        case npyHeader = "npy_header"
        case npyFortranOrder = "npy_fortran_order"
        case npyLength = "npy_length"

        // IDX and gzip.
        case idxHeader = "idx_header"
        case idxLength = "idx_length"
        case idxLimit = "idx_limit"
        case idxRank = "idx_rank"
        case gzipCorrupt = "gzip_corrupt"
        case gzipTruncated = "gzip_truncated"
        case gzipTrailing = "gzip_trailing"
    }
}

extension WeightsError.Cause {
    /// What the reader of the message can do, where that is not plain from the message itself.
    var remedy: String? {
        switch self {
        case .fileIsDirectory: "name a file in it"
        case .fileEmpty, .headerTooSmall, .headerBeyondFile, .offsetsBeyondFile, .zipEndMissing, .pickleTruncated,
            .idxLength, .npyLength, .gzipTruncated, .torchStorageSize:
            "the file is probably cut short: download or copy it again"
        case .formatUnknown:
            "known are safetensors, torch's .pth, .pt, .bin and .ckpt in both their formats, and the index.json of either"
        case .elementTypeUnsupported: "convert the tensor to float32 where the checkpoint was made"
        case .zipEntryCompressed: "save it again with torch.save, which stores without compression"
        case .pickleOpcode, .pickleProtocol: "save it again with torch.save and its default protocol"
        case .torchScript: "save its weights alone: torch.save(torch.jit.load(FILE).state_dict(), 'weights.pth')"
        case .gitLFSPointer: "fetch the file itself: git lfs pull in its folder, or download it from where it is kept"
        case .torchBigEndian: "load and save it again on a little-endian machine"
        case .torchNoStateDict: "save the weights as a dictionary: torch.save(model.state_dict(), 'weights.pth')"
        case .torchTensorUnsupported: "make it dense and save it again"
        case .shardNameUnsafe: "shards lie beside the index, and are named without a folder"
        case .outputNotRegular: "choose another output path"
        case .npyFortranOrder: "save numpy.ascontiguousarray(a)"
        case .gzipCorrupt: "download or copy the file again"
        default: nil
        }
    }
}
